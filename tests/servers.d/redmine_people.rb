# Makes what the tests need in a Redmine, once, and prints: API key, tracker, the field of our key, a field that is no filter,
# statuses: closed, rejected, new.
Setting.rest_api_enabled = '1'
Setting.login_required = '0'
if Redmine::DefaultData::Loader.no_data?
  Redmine::DefaultData::Loader.load('en')
end
user = User.find_by_login('holdover') || User.new(firstname: 'Hold', lastname: 'Over', mail: 'holdover@acme.example')
user.login = 'holdover'
user.password = user.password_confirmation = SecureRandom.hex(16)
user.save!
tracker = Tracker.first
closed = IssueStatus.where(is_closed: true).order(:id).to_a
opened = IssueStatus.where(is_closed: false).order(:id).first
project = Project.find_by_identifier('offboarding') || Project.create!(name: 'Offboarding', identifier: 'offboarding', is_public: true)
project.trackers = Tracker.all
project.enabled_module_names = ['issue_tracking']
project.save!
role = Role.find_by_name('Holdover') || Role.create!(name: 'Holdover', permissions: [:view_issues, :add_issues, :edit_issues, :add_issue_notes, :set_issues_private, :set_own_issues_private, :view_private_notes], issues_visibility: 'all')
unless Member.where(user_id: user.id, project_id: project.id).exists?
  Member.create!(principal: user, project: project, roles: [role])
end
statuses = IssueStatus.all.to_a
statuses.each { |a| statuses.each { |b| WorkflowTransition.create!(role_id: role.id, tracker_id: tracker.id, old_status_id: a.id, new_status_id: b.id) unless a == b } }
field = IssueCustomField.find_by_name('Finding Key') || IssueCustomField.create!(name: 'Finding Key', field_format: 'string', is_filter: true, is_for_all: true, visible: true, trackers: Tracker.all)
plain = IssueCustomField.find_by_name('No Filter') || IssueCustomField.create!(name: 'No Filter', field_format: 'string', is_filter: false, is_for_all: true, visible: true, trackers: Tracker.all)
puts [user.api_key, tracker.id, field.id, plain.id, closed.first.id, closed.last.id, opened.id].join(',')
